// An operation that there is not is shown where it stands, with the nearest that there is.
// RUN: bs-opt %s --split-input-file --verify-diagnostics

net.network {
  // expected-error@+1 {{did you mean 'net.input'?}}
  %x = net.inptu "x" : !net.t<[2], f32, @"*">
  net.roots
}
// -----
// expected-error@+1 {{there is no such operation}}
foo.bar
