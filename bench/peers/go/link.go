package main

import (
	"bufio"
	"fmt"
	"net"
	"net/rpc"
	"os"
	"os/exec"
	"runtime"
	"sort"
	"strings"
	"time"
)

// net/rpc between two processes. One way is a call whose reply says nothing; 512 are under way.

const (
	trips    = 20000
	underWay = 512
)

type Far struct{ count int64 }

func (f *Far) Echo(in []byte, out *[]byte) error {
	*out = in
	return nil
}

func (f *Far) Sink(in []byte, out *int64) error {
	return nil
}

// The other process: says its address, and ends with its input.
func linkServe() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err == nil && rpc.Register(&Far{}) == nil, "link")
	fmt.Println(listener.Addr())
	go rpc.Accept(listener)
	bufio.NewReader(os.Stdin).ReadString('\n')
}

func linkStart() (*rpc.Client, *exec.Cmd) {
	far := exec.Command("/proc/self/exe", "link-serve", fmt.Sprint(runtime.GOMAXPROCS(0)), "1")
	_, err := far.StdinPipe() // Closed when this process ends.
	out, outErr := far.StdoutPipe()
	check(err == nil && outErr == nil && far.Start() == nil, "link")
	address, err := bufio.NewReader(out).ReadString('\n')
	check(err == nil, "link")
	client, err := rpc.Dial("tcp", strings.TrimSpace(address))
	check(err == nil, "link")
	return client, far
}

func linkReport(name, unit string, lanes, size int, values []float64, shares string) {
	sort.Float64s(values)
	n := len(values)
	fmt.Printf(`{"bench":"%s","lanes":%d,"unit":"%s","median":%.2f,"min":%.2f,"max":%.2f,"n":%d,%s,"size":%d,"peer":"%s"}`+"\n",
		name, lanes, unit, (values[(n-1)/2]+values[n/2])/2, values[0], values[n-1], n, shares, size, "net/rpc "+runtime.Version())
}

func linkRtt(lanes, runs int) {
	client, far := linkStart()
	in, values, samples := make([]byte, 64), make([]float64, runs), []int64{}
	for r := 0; r <= runs; r++ {
		began := time.Now()
		for i := 0; i < trips; i++ {
			var out []byte
			sent := time.Now()
			check(client.Call("Far.Echo", in, &out) == nil && len(out) == len(in), "link-rtt")
			if r > 0 {
				samples = append(samples, time.Since(sent).Nanoseconds())
			}
		}
		if r > 0 {
			values[r-1] = float64(time.Since(began).Nanoseconds()) / trips
		}
	}
	sort.Slice(samples, func(i, j int) bool { return samples[i] < samples[j] })
	n := len(samples)
	linkReport("link-rtt", "ns/round trip", lanes, 64, values,
		fmt.Sprintf(`"p50":%d,"p99":%d,"p999":%d`, samples[n/2], samples[n*99/100], samples[n*999/1000]))
	far.Process.Kill()
}

func oneWay(client *rpc.Client, size, count int) {
	in, nothing := make([]byte, size), int64(0)
	done := make(chan *rpc.Call, underWay)
	for sent, back := 0, 0; back < count; {
		if sent < count && sent-back < underWay {
			client.Go("Far.Sink", in, &nothing, done)
			sent++
			continue
		}
		check((<-done).Error == nil, "link-throughput")
		back++
	}
}

func linkThroughput(lanes, runs int) {
	client, far := linkStart()
	for size, count := range map[int]int{64: 200000, 1024: 200000, 65536: 20000} {
		values := make([]float64, runs)
		oneWay(client, size, count)
		for r := range values {
			began := time.Now()
			oneWay(client, size, count)
			values[r] = float64(time.Since(began).Nanoseconds()) / float64(count)
		}
		linkReport("link-throughput", "ns/message", lanes, size, values, `"p50":null,"p99":null,"p999":null`)
	}
	far.Process.Kill()
}
