// Reshapes are no kernel, slices join those who read them, a splice joins its parts.
// RUN: bs-opt %s -p net-to-sched | filecheck %s

net.network {
  %p = net.input "p" : !net.t<[4 x 2], f32, @"*">
  %v = net.reshape %p {dims = [8]} : !net.t<[8], f32, @"*">
  %i = net.slice %v {begin = 0, end = 4} : !net.t<[4], f32, @"*">
  %g = net.slice %v {begin = 4, end = 8} : !net.t<[4], f32, @"*">
  %s = net.sigmoid %i : !net.t<[4], f32, @"*">
  %t = net.tanh %g : !net.t<[4], f32, @"*">
  %z = net.splice %t, %s {node = "z"} : !net.t<[8], f32, @"*">
  net.roots output(%z)
}
// CHECK: sched.kernel @rows0 rows(%0: !net.t<[8], f32, @"*">) -> (!net.t<[8], f32, @"*">) {
// CHECK: net.slice %0
// CHECK: net.slice %0
// CHECK: net.splice
// CHECK: sched.program
// CHECK: sched.buffer input "p"
// CHECK-NEXT: sched.buffer temporary "z"
// CHECK-NEXT: sched.call @rows0(%0) -> (%1)
// CHECK-NEXT: sched.output "z", %1
