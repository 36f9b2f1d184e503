// A clone of a section with a loop has a loop of its own: its delay reads the copy.
// RUN: bs-opt %s -p net-clone-function,net-edit | filecheck %s
// CHECK: %[[P:.*]] = net.past_value %[[H:.*]] {node = "f.p"}
// CHECK-NEXT: %[[S:.*]] = net.plus %y, %[[P]] {node = "f.s"}
// CHECK-NEXT: %[[H]] = net.tanh %[[S]] {node = "f.h"}
// CHECK: net.roots output(%[[H]])
net.network {
  %x = net.input "x" : !net.t<[3], f32, @"*">
  %y = net.input "y" : !net.t<[3], f32, @"*">
  %p = net.past_value %h {node = "p"} : !net.t<[3], f32, @"*">
  %s = net.plus %x, %p {node = "s"} : !net.t<[3], f32, @"*">
  %h = net.tanh %s {node = "h"} : !net.t<[3], f32, @"*">
  %f = net.clone "shared" of [%h] with (%x = %y) {path = "f"} : !net.t<[3], f32, @"*">
  net.roots output(%f)
}
