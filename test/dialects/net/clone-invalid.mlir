// A clone has a known mode, and a result for each output.
// RUN: bs-opt %s --split-input-file --verify-diagnostics
net.network {
  %x = net.input "x" : !net.t<[2], f32, @"*">
  // expected-error@+1 {{'frozen' is not one of learnable, constant, shared}}
  %a = net.clone "frozen" of [%x] with (%x = %x) {path = "p"} : !net.t<[2], f32, @"*">
  net.roots
}
// -----
net.network {
  %x = net.input "x" : !net.t<[2], f32, @"*">
  // expected-error@+1 {{2 outputs, 1 results}}
  %a = net.clone "shared" of [%x, %x] with (%x = %x) {path = "p"} : !net.t<[2], f32, @"*">
  net.roots
}
