package main

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// Channels of the flooding workloads hold so many messages: a sender then waits.
const buffer = 1024

type message struct {
	kind   int
	number int
	from   chan message
}

const (
	ping = iota
	pong
	over
)

func pingPong() (int, time.Duration) {
	const n = 1000000
	to, back, seen := make(chan message, 1), make(chan message, 1), make(chan int)
	go func() {
		count := 0
		for m := range to {
			count++
			m.from <- message{kind: pong}
		}
		seen <- count
	}()
	done := make(chan bool)
	began := time.Now()
	go func() {
		for i := 0; i < n; i++ {
			to <- message{from: back}
			<-back
		}
		done <- true
	}()
	<-done
	elapsed := time.Since(began)
	close(to)
	check(<-seen == n, "ping-pong")
	return n, elapsed
}

func threadRing() (int, time.Duration) {
	const n, nodes = 1000000, 100
	ring := make([]chan int, nodes)
	for i := range ring {
		ring[i] = make(chan int, 1)
	}
	ended := make(chan int)
	for i := range ring {
		go func(index int, in, out chan int) {
			for left := range in {
				if left == 0 {
					ended <- index
				} else {
					out <- left - 1
				}
			}
		}(i, ring[i], ring[(i+1)%nodes])
	}
	began := time.Now()
	ring[0] <- n
	at := <-ended
	elapsed := time.Since(began)
	check(at == n%nodes, "thread-ring")
	for _, c := range ring {
		close(c)
	}
	return n, elapsed
}

func counting() (int, time.Duration) {
	const n = 5000000
	to, count := make(chan message, buffer), make(chan int)
	go func() {
		seen := 0
		for m := range to {
			if m.kind == over {
				count <- seen
				return
			}
			seen++
		}
	}()
	began := time.Now()
	go func() {
		for i := 0; i < n; i++ {
			to <- message{}
		}
		to <- message{kind: over}
	}()
	seen := <-count
	elapsed := time.Since(began)
	check(seen == n, "counting")
	return n, elapsed
}

func forkJoinThroughput() (int, time.Duration) {
	const forks, each = 60, 10000
	to, done := make([]chan message, forks), make(chan int, forks)
	for i := range to {
		to[i] = make(chan message, buffer)
		go func(in chan message) {
			seen := 0
			for ; seen < each; seen++ {
				<-in
			}
			done <- seen
		}(to[i])
	}
	began := time.Now()
	go func() {
		for i := 0; i < each; i++ {
			for _, c := range to {
				c <- message{}
			}
		}
	}()
	sum := 0
	for range to {
		sum += <-done
	}
	elapsed := time.Since(began)
	check(sum == forks*each, "fork-join-throughput")
	return forks * each, elapsed
}

func forkJoinCreate() (int, time.Duration) {
	const n = 1000000
	answers, sum := make(chan message, buffer), make(chan int)
	began := time.Now()
	go func() {
		total := 0
		for i := 0; i < n; i++ {
			total += (<-answers).number
		}
		sum <- total
	}()
	go func() {
		for i := 0; i < n; i++ {
			to := make(chan message, 1)
			go func() {
				m := <-to
				m.from <- message{number: m.number}
			}()
			to <- message{number: i, from: answers}
		}
	}()
	total := <-sum
	elapsed := time.Since(began)
	check(total == n*(n-1)/2, "fork-join-create")
	return n, elapsed
}

func creature(colour int, mall chan message) {
	me, met := make(chan message, 1), 0
	for {
		mall <- message{kind: ping, number: colour, from: me}
		other := <-me
		if other.kind == over {
			mall <- message{kind: over, number: met}
			return
		}
		met++
		if other.number != colour {
			colour = 3 - colour - other.number
		}
	}
}

func chameneos() (int, time.Duration) {
	const n, creatures = 200000, 100
	mall := make(chan message, buffer)
	began := time.Now()
	for i := 0; i < creatures; i++ {
		go creature(i%3, mall)
	}
	var waiting message
	for left, sum, gone := n, 0, 0; ; {
		switch m := <-mall; {
		case m.kind == over:
			sum += m.number
			if gone++; gone == creatures {
				elapsed := time.Since(began)
				check(sum == 2*n, "chameneos")
				return n, elapsed
			}
		case left == 0:
			m.from <- message{kind: over}
		case waiting.from == nil:
			waiting = m
		default:
			waiting.from <- message{kind: pong, number: m.number}
			m.from <- message{kind: pong, number: waiting.number}
			waiting.from = nil
			left--
		}
	}
}

func bigPeer(index, each int, all []chan message, done chan bool, stop chan bool, seen chan int) {
	random, me, pings, pongs := uint32(index)*7919+1, all[index], 0, 0
	send := func() {
		random = (random*1103515245 + 12345) & 0x7fffffff
		all[int(random>>8)%len(all)] <- message{kind: ping, from: me}
	}
	send()
	for {
		select {
		case m := <-me:
			if m.kind == ping {
				pings++
				m.from <- message{kind: pong}
			} else if pongs++; pongs == each {
				done <- true
			} else {
				send()
			}
		case <-stop:
			seen <- pings
			return
		}
	}
}

func big() (int, time.Duration) {
	const peers, each = 120, 10000
	all := make([]chan message, peers)
	for i := range all {
		all[i] = make(chan message, buffer)
	}
	done, stop, seen := make(chan bool, peers), make(chan bool), make(chan int, peers)
	began := time.Now()
	for i := range all {
		go bigPeer(i, each, all, done, stop, seen)
	}
	for range all {
		<-done
	}
	elapsed := time.Since(began)
	close(stop)
	sum := 0
	for range all {
		sum += <-seen
	}
	check(sum == peers*each, "big")
	return 2 * peers * each, elapsed
}

func nToOne() (int, time.Duration) {
	const senders, each = 100, 50000
	to, done := make(chan message, buffer), make(chan bool)
	began := time.Now()
	go func() {
		for i := 0; i < senders*each; i++ {
			<-to
		}
		done <- true
	}()
	for i := 0; i < senders; i++ {
		go func() {
			for j := 0; j < each; j++ {
				to <- message{}
			}
		}()
	}
	<-done
	elapsed := time.Since(began)
	check(len(to) == 0, "n-to-1")
	return senders * each, elapsed
}

func skynetNode(parent chan int, first, leaves int) {
	if leaves == 1 {
		parent <- first
		return
	}
	sums, below, sum := make(chan int), leaves/10, 0
	for i := 0; i < 10; i++ {
		go skynetNode(sums, first+i*below, below)
	}
	for i := 0; i < 10; i++ {
		sum += <-sums
	}
	parent <- sum
}

func skynet() (int, time.Duration) {
	const n = 1000000
	root := make(chan int)
	began := time.Now()
	go skynetNode(root, 0, n)
	sum := <-root
	elapsed := time.Since(began)
	check(sum == n*(n-1)/2, "skynet")
	return n, elapsed
}

func residentBytes() int {
	text, err := os.ReadFile("/proc/self/statm")
	check(err == nil, "idle-bytes")
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	check(err == nil, "idle-bytes")
	return pages * os.Getpagesize()
}

func idleBytes(n int) float64 {
	before := residentBytes()
	idle := make([]chan message, n)
	for i := range idle {
		idle[i] = make(chan message, 1)
		go func(in chan message) { <-in }(idle[i])
	}
	time.Sleep(time.Second) // All have started, and wait.
	bytes := float64(residentBytes()-before) / float64(n)
	check(runtime.NumGoroutine() > n, "idle-bytes")
	runtime.KeepAlive(idle)
	return bytes
}
