// Edit functions that undo each other, and a replacement that needs itself, are refused.
// RUN: bs-opt %s -p net-edit --split-input-file --verify-diagnostics
// expected-error@+4 {{'b' is replaced by itself through other replacements}}
net.network {
  %x = net.input "x" : !net.t<[3], f32, @"*">
  %a = net.exp %x {node = "a"} : !net.t<[3], f32, @"*">
  %b = net.tanh %x {node = "b"} : !net.t<[3], f32, @"*">
  net.replace %a by %b
  net.replace %b by %a
  net.keep %a
  net.roots
}
// -----
// expected-error@+5 {{what takes the place of 'a' needs its own value}}
net.network {
  %x = net.input "x" : !net.t<[3], f32, @"*">
  %a = net.exp %x {node = "a"} : !net.t<[3], f32, @"*">
  %c = net.tanh %a {node = "c", base = "n"} : !net.t<[3], f32, @"*">
  %d = net.negate %c {node = "d"} : !net.t<[3], f32, @"*">
  net.replace %a by %d
  net.keep %c
  net.roots
}
