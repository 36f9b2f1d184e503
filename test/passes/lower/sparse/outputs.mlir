// A sparse input may be an output, too: its dense copy is called like the input.
// RUN: bs-opt %s -p schedule | filecheck %s

net.parameter @E : !net.t<[3 x 5], f32> {init = "uniform", seed = 1}

net.network {
  %x = net.input "x" {sparse = true} : !net.t<[5], f32, @"*">
  %e = net.read @E : !net.t<[3 x 5], f32>
  %z = net.times %e, %x {node = "z"} : !net.t<[3], f32, @"*">
  // CHECK: %[[X:.*]] = sched.buffer input "x"
  // CHECK: %[[DENSE:.*]] = sched.buffer temporary "densify"
  // CHECK: sched.call @{{.*}}(%[[X]]) -> (%[[DENSE]])
  // CHECK: sched.output "x", %[[DENSE]] : !net.t<[5], f32, @"*">
  net.roots feature(%x), output(%z, %x)
}
