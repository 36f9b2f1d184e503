// What depends on parameters alone is computed by a network of its own; views and reads stay.
// RUN: bs-opt %s -p net-compute-once | filecheck %s
// RUN: bs-opt %s -p net-compute-once,schedule | filecheck %s --check-prefix=SCHED

// CHECK: net.state @[[E:once.exp.*]] : !net.t<[3], f32> {role = "derived"}
// CHECK: net.network {
// CHECK: %[[V:.*]] = net.read @[[E]] : !net.t<[3], f32>
// CHECK: net.reshape %[[V]]
// CHECK-NOT: net.exp
// CHECK: net.tanh
// CHECK: net.network attributes {once}
// CHECK: %[[N:.*]] = net.exp %s
// CHECK: net.write @[[E]], %[[N]]
// SCHED: sched.program @step
// SCHED: sched.buffer state derived "once.exp.
// SCHED-NOT: sched.buffer state parameter "S"
// SCHED: sched.program @once []
// SCHED: sched.buffer state parameter "S"
builtin.module {
  net.parameter @S : !net.t<[3], f32> {init = "constant", value = 1.0}
  net.network {
    %x = net.input "x" : !net.t<[3], f32, @"*">
    %s = net.read @S : !net.t<[3], f32>
    %e = net.exp %s {node = "e"} : !net.t<[3], f32>
    %r = net.reshape %e {node = "r", dims = [3, 1]} : !net.t<[3 x 1], f32>
    %t = net.tanh %x {node = "t"} : !net.t<[3], f32, @"*">
    %z = net.element_times %t, %r {node = "z"} : !net.t<[3 x 1], f32, @"*">
    net.roots output(%z)
  }
}
