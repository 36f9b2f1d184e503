// A sparse input gets a sparse type; products read it as it is, what has no sparse form a dense copy.
// RUN: bs-opt %s -p net-store-sparse | filecheck %s

net.parameter @E : !net.t<[150 x 943], f32> {init = "uniform", seed = 1}
net.parameter @U : !net.t<[943 x 20], f32> {init = "uniform", seed = 2}

net.network {
  // CHECK: %x = net.input "x" {sparse = true} : !net.t<[943], f32, @"*", sparse>
  // CHECK-NEXT: %[[DENSE:.*]] = net.densify %x : !net.t<[943], f32, @"*">
  %x = net.input "x" {sparse = true} : !net.t<[943], f32, @"*">
  %e = net.read @E : !net.t<[150 x 943], f32>
  %u = net.read @U : !net.t<[943 x 20], f32>
  // CHECK: net.sparse_times %e, %x {node = "z"} : !net.t<[150], f32, @"*">
  %z = net.times %e, %x {node = "z"} : !net.t<[150], f32, @"*">
  // CHECK: net.sparse_times %u, %x {transposed = true} : !net.t<[20], f32, @"*">
  %t = net.transpose_times %u, %x : !net.t<[20], f32, @"*">
  // CHECK: net.sparse_times_gradient %z, %x : !net.t<[150 x 943], f32>
  %d = net.times_gradient_left %z, %x : !net.t<[150 x 943], f32>
  // CHECK: net.sparse_times_gradient %t, %x {transposed = true} : !net.t<[943 x 20], f32>
  %f = net.times_gradient_left %x, %t : !net.t<[943 x 20], f32>
  // CHECK: %y = net.tanh %[[DENSE]]
  %y = net.tanh %x {node = "y"} : !net.t<[943], f32, @"*">
  // CHECK: net.sparse_dot %x, %y {node = "q"} : !net.t<[1], f32, @"*">
  %q = net.transpose_times %y, %x {node = "q"} : !net.t<[1], f32, @"*">
  net.gradient @E, %d
  net.gradient @U, %f
  // CHECK: net.roots feature(%x), output(
  net.roots feature(%x), output(%z, %t, %y, %q)
}
