// An input from which no output is computed is refused, with the names on both sides.
// RUN: not bs-opt %s -p net-clone-function 2>&1 | filecheck %s
// CHECK: error[BS0370]: CloneFunction: no output depends on the input 'y'
// CHECK: there is no path from 'y' to 'h'
net.network {
  %x = net.input "x" : !net.t<[3], f32, @"*">
  %y = net.input "y" : !net.t<[3], f32, @"*">
  %h = net.tanh %x {node = "h"} : !net.t<[3], f32, @"*">
  %f = net.clone "shared" of [%h] with (%y = %x) {path = "f"} : !net.t<[3], f32, @"*">
  net.roots output(%f)
}
