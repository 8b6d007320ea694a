//go:build !race

package paf_test

const raced = false
