// The gradient of a ring is a ring the other way; the weights take one product over all steps.
// RUN: bs-opt %s -p net-gradient | filecheck %s

// CHECK: %[[BACK:.*]] = net.future_value %[[DP:.*]] {outside = 0.0, local = true}
// CHECK: net.plus %[[BACK]]
// CHECK: %[[SLOPE:.*]] = net.minus
// CHECK: %[[DS:.*]] = net.element_times %{{.*}}, %[[SLOPE]]
// CHECK: net.times_gradient_left %[[DS]], %p : !net.t<[4 x 4], f32>
// CHECK: %[[DP]] = net.times_gradient_right %r, %[[DS]]
// The initial state takes what flows to the steps that read it.
// CHECK: net.past_value %{{.*}} {outside = 1.0}
// CHECK: net.select
// CHECK: net.sum_to {{.*}} : !net.t<[4], f32>
// CHECK: net.gradient @R
// CHECK: net.gradient @s
builtin.module {
  net.parameter @R : !net.t<[4 x 4], f32> {init = "uniform", seed = 1}
  net.parameter @s : !net.t<[4], f32> {init = "uniform", seed = 2}
  net.network {
    %x = net.input "x" : !net.t<[4], f32, @"*">
    %r = net.read @R : !net.t<[4 x 4], f32>
    %i = net.read @s : !net.t<[4], f32>
    %p = net.past_value %h, %i {node = "p"} : !net.t<[4], f32, @"*">
    %rp = net.times %r, %p : !net.t<[4], f32, @"*">
    %s = net.plus %x, %rp : !net.t<[4], f32, @"*">
    %h = net.tanh %s {node = "h"} : !net.t<[4], f32, @"*">
    %c = net.sum_elements %h {node = "c"} : !net.t<[1], f32>
    net.roots criterion(%c)
  }
}
