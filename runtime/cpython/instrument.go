package cpython

import (
	"strconv"

	"pymode-tui/runtime/wasmbin"
)

// What the host finds in python.wasm to stop a guest with: see
// [wasmbin.AddLoopChecks].
const (
	// YieldExport is the function that every loop calls now and then.
	YieldExport = "pm_yield"
	// FuelExport is the global that counts down to the next call.
	FuelExport = "pm_fuel"
	// InitialFuel is how many checks are passed before the first call.
	InitialFuel = 1 << 20

	// The interpreter chooses between 256 instructions in a loop that is left
	// without a check; what Python may repeat is marked (see src/patches), and a
	// mark counts for about as many loops as take the time until the next.
	dispatchCases = 200
	markCost      = 16
)

// instrumentVersion is to be raised when wasmbin changes what it writes.
const instrumentVersion = "3"

// instrumentation enters the digest of the link step.
func instrumentation() string {
	return digest(instrumentVersion, YieldExport, FuelExport, strconv.Itoa(InitialFuel), strconv.Itoa(dispatchCases), strconv.Itoa(markCost))
}

// AddLoopChecks writes the loop checks into a module that has none.
func AddLoopChecks(module []byte) ([]byte, error) {
	checked, _, err := addLoopChecks(module)
	return checked, err
}

func addLoopChecks(module []byte) ([]byte, wasmbin.LoopCheckStats, error) {
	return wasmbin.AddLoopChecks(module, wasmbin.LoopCheckOptions{
		Yield: YieldExport, FuelExport: FuelExport, Fuel: InitialFuel,
		Dispatch: dispatchCases, Mark: markCost,
	})
}
