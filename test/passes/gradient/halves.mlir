// A step in halves: the first one stores gradients, the second one moves by what is stored by then.
// RUN: bs-opt %s -p net-hold-gradients,net-update | filecheck %s --check-prefix HOLD
// RUN: bs-opt %s -p net-take-gradients,net-update,net-dce | filecheck %s --check-prefix TAKE

// HOLD: net.state @gradient.W : !net.t<[2], f32> {role = "gradient", of = "W"}
// HOLD-NOT: momentum
// HOLD: %[[G:.*]] = net.element_times
// HOLD-DAG: net.write @gradient.W, %[[G]]
// HOLD-DAG: net.accumulate @criterion.ce
// HOLD-NOT: net.write @W
// HOLD: net.roots

// TAKE-NOT: net.input
// TAKE: %[[G:.*]] = net.read @gradient.W : !net.t<[2], f32>
// TAKE: net.element_times %{{.*}}, %[[G]]
// TAKE-NOT: net.accumulate
// TAKE: net.write @momentum.W
// TAKE: net.write @W
// TAKE: net.roots
// TAKE-NOT: criterion(
net.parameter @W : !net.t<[2], f32> {init = "uniform", seed = 1}
net.network {
  %x = net.input "x" : !net.t<[2], f32, @"*">
  %w = net.read @W : !net.t<[2], f32>
  %d = net.minus %x, %w {node = "d"} : !net.t<[2], f32, @"*">
  %c = net.sum_elements %d {node = "ce"} : !net.t<[1], f32>
  %s = net.sum_to %d : !net.t<[2], f32>
  %g = net.element_times %s, %w : !net.t<[2], f32>
  net.gradient @W, %g
  net.roots criterion(%c)
}
