package localaws

// reservation is a function's reserved concurrency, as GetFunction shows it.
type reservation struct{ ReservedConcurrentExecutions int32 }

// ReserveConcurrency gives a function reserved concurrency.
func (c *Cloud) ReserveConcurrency(name string, executions int32) {
	c.on(name, func(f *function) { f.reserved = &reservation{executions} })
}
