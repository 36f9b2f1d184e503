// Which columns a sparse input touches is stored with the gradient: the others stay as they are.
// RUN: bs-opt %s -p net-hold-gradients,net-update | filecheck %s --check-prefix HOLD
// RUN: bs-opt %s -p net-take-gradients,net-update,net-dce | filecheck %s --check-prefix TAKE

// HOLD: net.state @touched.W : !net.t<[1 x 3], f32> {role = "gradient", of = "W"}
// HOLD: %[[I:.*]] = net.touched %x
// HOLD: %[[FLAGS:.*]] = net.scatter_columns %[[I]]
// HOLD-DAG: net.write @touched.W, %[[FLAGS]]
// HOLD-DAG: net.write @gradient.W

// TAKE-NOT: net.touched
// TAKE: net.read @touched.W
// TAKE: %[[T:.*]] = net.greater
// TAKE: %[[S:.*]] = net.select %[[T]]
// TAKE: net.select %[[T]]
// TAKE: net.write @momentum.W, %[[S]]
// TAKE: net.write @W
net.parameter @W : !net.t<[2 x 3], f32> {init = "uniform", seed = 1}
net.network {
  %x = net.input "x" {sparse = true} : !net.t<[3], f32, @"*">
  %g = net.input "g" : !net.t<[2], f32, @"*">
  %d = net.times_gradient_left %g, %x : !net.t<[2 x 3], f32>
  net.gradient @W, %d
  net.roots feature(%x, %g)
}
