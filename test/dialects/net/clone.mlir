// The operations of editing are printed as they are read.
// RUN: bs-opt %s | bs-opt | filecheck %s
// CHECK: %[[A:.*]], %[[B:.*]] = net.clone "shared" of [%h, %x] with (%x = %y) {path = "p", names = ["a", ""]} : !net.t<*, f32, @"*">, !net.t<[2], f32, @"*">
// CHECK: net.replace %h by %[[A]]
// CHECK: %[[R:.*]] = net.removed {node = "r"} : !net.t<[2], f32>
// CHECK: net.keep %[[A]], %[[R]]
net.network {
  %x = net.input "x" : !net.t<[2], f32, @"*">
  %y = net.input "y" : !net.t<[2], f32, @"*">
  %h = net.exp %x {node = "h"} : !net.t<[2], f32, @"*">
  %a, %b = net.clone "shared" of [%h, %x] with (%x = %y) {path = "p", names = ["a", ""]} : !net.t<*, f32, @"*">, !net.t<[2], f32, @"*">
  net.replace %h by %a
  %r = net.removed {node = "r"} : !net.t<[2], f32>
  net.keep %a, %r
  net.roots output(%b)
}
