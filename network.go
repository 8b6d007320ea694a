//go:build !js && !wasip1

package paf

// noNetwork says more about an error of a dialer where that is needed.
func noNetwork(err error) error { return err }
