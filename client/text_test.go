package client_test

import (
	"fmt"

	"github.com/connectd/connectd/client"
)

func ExampleText() {
	name := "Ada's Kiln"
	fmt.Println(client.Text(client.Readiness{DisplayName: &name}.DisplayName))
	fmt.Println(client.Text(client.Readiness{}.DisplayName) == "")
	// Output:
	// Ada's Kiln
	// true
}
