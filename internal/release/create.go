package release

// Creation is how a function is created that does not exist: with the configuration and
// the code that the request has for it.
type Creation struct {
	Tags map[string]string // which only a function that is created gets
}
