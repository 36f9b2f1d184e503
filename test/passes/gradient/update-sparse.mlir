// Plain momentum with a sparse input works on the columns alone that the minibatch touches.
// RUN: bs-opt %s -p net-update | filecheck %s

net.parameter @W : !net.t<[2 x 3], f32> {init = "uniform", seed = 1}

net.network {
  %x = net.input "x" {sparse = true} : !net.t<[3], f32, @"*">
  %g = net.input "g" : !net.t<[2], f32, @"*">
  // CHECK-NOT: net.times_gradient_left
  %d = net.times_gradient_left %g, %x : !net.t<[2 x 3], f32>
  // CHECK: %[[I:.*]] = net.touched %x {width = 3} : !net.t<[1], f32, @"*/rows:3:x">
  // CHECK: %[[SLOT:.*]] = net.slots %[[I]] : !net.t<[3], f32>
  // CHECK: net.sparse_times_gradient %g, %x, %[[SLOT]] : !net.t<[2], f32, @"*/rows:3:x">
  // CHECK: %[[S:.*]] = net.read @momentum.W : !net.t<[2 x 3], f32>
  // CHECK: net.gather_packed %[[I]], %[[S]] : !net.t<[2], f32, @"*/rows:3:x">
  // CHECK: net.put_columns %[[S]], %[[I]], %{{.*}} : !net.t<[2 x 3], f32>
  // CHECK: %[[W:.*]] = net.read @W
  // CHECK: net.gather_packed %[[I]], %[[W]] : !net.t<[2], f32, @"*/rows:3:x">
  // CHECK: %[[NEW:.*]] = net.put_columns %[[W]], %[[I]], %{{.*}} : !net.t<[2 x 3], f32>
  // CHECK: net.write @W, %[[NEW]]
  net.gradient @W, %d
  net.roots feature(%x, %g)
}
