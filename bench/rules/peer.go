// The same cases through OPA as a library, the query prepared once.
// usage: peer POLICY CASES SECONDS
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

func cpu() float64 { // of the whole process: the collector of garbage counts
	var r syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &r))
	return float64(r.Utime.Nano() + r.Stime.Nano())
}

func main() {
	policy, err := os.ReadFile(os.Args[1])
	must(err)
	ctx := context.Background()
	query, err := rego.New(rego.Query("x = data.chip.class"),
		rego.Module("peer.rego", string(policy))).PrepareForEval(ctx)
	must(err)
	file, err := os.Open(os.Args[2])
	must(err)
	var inputs []ast.Value
	for s := bufio.NewScanner(file); s.Scan(); {
		f := strings.Fields(s.Text())
		in := map[string]interface{}{}
		if f[0] != "-" {
			in["tpp"], _ = strconv.Atoi(f[0])
		}
		if f[1] != "-" {
			in["area10"], _ = strconv.Atoi(f[1])
		}
		if f[2] != "-" {
			in["datacenter"] = f[2] == "1"
		}
		v, err := ast.InterfaceToValue(in)
		must(err)
		inputs = append(inputs, v)
	}
	seconds, _ := strconv.ParseFloat(os.Args[3], 64)
	classes := make([]interface{}, len(inputs))
	start, n := cpu(), 0
	for cpu()-start < seconds*1e9 {
		for i, v := range inputs {
			rs, err := query.Eval(ctx, rego.EvalParsedInput(v))
			must(err)
			classes[i] = rs[0].Bindings["x"]
		}
		n += len(inputs)
	}
	fmt.Printf("opa %.2f\n", (cpu()-start)/float64(n))
	for _, c := range classes {
		fmt.Println("=", c)
	}
}
