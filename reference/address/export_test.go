package address

// Leaks says whether a text holds a piece of a secret, for the tests of this package.
func Leaks(text string, secrets ...string) bool { return (&canaries{secrets: secrets}).in(text) }
