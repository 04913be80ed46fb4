//go:build !unix

package bucket

// alive can't be told here: a run counts as running until its limit.
func alive(int) bool { return true }
