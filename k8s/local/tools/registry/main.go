// Command registry is the distribution project's image registry with storage in a folder only.
//
// The complete one links the client libraries of every large cloud, which the local cluster would
// compile for nothing.
package main

import (
	"fmt"
	"os"

	"github.com/distribution/distribution/v3/registry"

	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
)

func main() {
	if err := registry.RootCmd.Execute(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
