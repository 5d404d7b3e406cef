# The same two paragraphs and note in Rego.
package chip

default class := "none"

meets_a if input.tpp >= 4800
meets_a if {
	input.tpp >= 1600
	input.tpp * 1000 >= 592 * input.area10
}
meets_b if {
	input.tpp >= 2400
	input.tpp < 4800
	input.tpp * 1000 >= 160 * input.area10
	input.tpp * 1000 < 592 * input.area10
}
meets_b if {
	input.tpp >= 1600
	input.tpp * 1000 >= 320 * input.area10
	input.tpp * 1000 < 592 * input.area10
}
note2 if {
	input.datacenter == false
	input.tpp < 4800
}

class := "a" if {
	meets_a
	not note2
} else := "b" if {
	meets_b
	not note2
}
