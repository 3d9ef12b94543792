package main

import (
	"fmt"
	"math/bits"
	"runtime"
	"sync"
	"time"
)

// Dispatch latency, open loop: see ../README.md.
const (
	actors   = 16
	windows  = 4
	window   = 250 * time.Millisecond
	pause    = 20 * time.Millisecond
	capacity = 1 << 16 // Of a channel; a pacer that meets a full one is late, which counts.
	subBits  = 5       // 32 equal buckets in each power of two.
	buckets  = (64 - subBits + 1) << subBits
)

type histogram struct {
	counts [buckets]int
	total  int
	max    int64
}

func (h *histogram) add(ns int64) {
	index := ns
	if ns >= 1<<subBits {
		shift := bits.Len64(uint64(ns)) - subBits - 1
		index = int64(shift)<<subBits + ns>>shift
	}
	h.counts[index]++
	h.total++
	if ns > h.max {
		h.max = ns
	}
}

func (h *histogram) merge(other *histogram) {
	for i, count := range other.counts {
		h.counts[i] += count
	}
	h.total += other.total
	if other.max > h.max {
		h.max = other.max
	}
}

// The highest value of the bucket in which the share is reached.
func (h *histogram) at(share float64) int64 {
	left := int(share*float64(h.total-1)) + 1
	for i, count := range h.counts {
		if left -= count; left <= 0 {
			if i < 2<<subBits {
				return int64(i)
			}
			shift := i>>subBits - 1
			return (int64(i&(1<<subBits-1))+1<<subBits+1)<<shift - 1
		}
	}
	return h.max
}

func dispatch(lanes int) {
	runtime.GOMAXPROCS(lanes + 1) // The pacer keeps one busy.
	for _, rate := range []int{10000, 100000, 1000000} {
		dispatchAt(lanes, rate)
	}
}

func dispatchAt(lanes, rate int) {
	began := time.Now()
	each := int(int64(rate) * window.Nanoseconds() / int64(time.Second))
	var to [actors]chan int64
	var seen [actors]histogram
	var ended sync.WaitGroup
	ended.Add(actors)
	for i := range to {
		to[i] = make(chan int64, capacity)
		go func(in chan int64, h *histogram) {
			for due := range in {
				if late := time.Since(began).Nanoseconds() - due; due > 0 {
					h.add(late)
				}
			}
			ended.Done()
		}(to[i], &seen[i])
	}
	go pace(began, rate, each, &to)
	ended.Wait()
	var all histogram
	for i := range seen {
		all.merge(&seen[i])
	}
	check(all.total == windows*each, "dispatch")
	p50 := all.at(0.5)
	fmt.Printf(`{"bench":"dispatch","lanes":%d,"unit":"ns","rate":%d,"mode":"parked","median":%d,"min":%d,`+
		`"max":%d,"n":1,"p50":%d,"p99":%d,"p999":%d,"peer":"%s"}`+"\n",
		lanes, rate, p50, all.at(0), all.max, p50, all.at(0.99), all.at(0.999), runtime.Version())
}

// A message carries the time at which it should have been sent: a late pacer is a late message.
func pace(began time.Time, rate, each int, to *[actors]chan int64) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for w := 0; w <= windows; w++ { // The first warms up: its messages carry no time.
		now := time.Since(began).Nanoseconds()
		due := now + int64(time.Millisecond)
		for i := 0; i < each; i++ {
			for now < due {
				now = time.Since(began).Nanoseconds()
			}
			if w > 0 {
				to[i%actors] <- due
			} else {
				to[i%actors] <- 0
			}
			due += int64(time.Second) / int64(rate)
		}
		time.Sleep(pause)
	}
	for _, c := range to {
		close(c)
	}
}
