package hook

// hookClient is empty as long as paf has no http.RoundTripper.
func hookClient(bool) {}
