// Plain momentum with a sparse input moves only the columns that the minibatch touches.
// RUN: bs-opt %s -p net-update | filecheck %s

net.parameter @W : !net.t<[2 x 3], f32> {init = "uniform", seed = 1}

net.network {
  %x = net.input "x" {sparse = true} : !net.t<[3], f32, @"*">
  %g = net.input "g" : !net.t<[2], f32, @"*">
  %d = net.times_gradient_left %g, %x : !net.t<[2 x 3], f32>
  // CHECK: %[[FLAGS:.*]] = net.not_equal %x, %{{.*}} : !net.t<[3], f32, @"*">
  // CHECK: %[[ROW:.*]] = net.times_gradient_left %{{.*}}, %[[FLAGS]] : !net.t<[1 x 3], f32>
  // CHECK: %[[TOUCHED:.*]] = net.greater %[[ROW]], %{{.*}} : !net.t<[1 x 3], f32>
  // CHECK: %[[S:.*]] = net.select %[[TOUCHED]], %{{.*}}, %{{.*}} : !net.t<[2 x 3], f32>
  // CHECK: %[[STEP:.*]] = net.select %[[TOUCHED]], %{{.*}}, %{{.*}} : !net.t<[2 x 3], f32>
  // CHECK: net.minus %{{.*}}, %[[STEP]]
  // CHECK: net.write @momentum.W, %[[S]]
  net.gradient @W, %d
  net.roots feature(%x, %g)
}
