// A product with a splice of input and state becomes two: that with the input leaves the ring.
// RUN: bs-opt %s -p net-split-products,net-find-recurrences | filecheck %s

// CHECK: %[[W1:.*]] = net.slice %w {end = 3, axis = 2} : !net.t<[4 x 3], f32>
// CHECK: %[[OUT:.*]] = net.times %[[W1]], %x
// CHECK: %[[W2:.*]] = net.slice %w {begin = 3, end = 7, axis = 2} : !net.t<[4 x 4], f32>
// CHECK: net.recurrence past(
// CHECK-NOT: net.splice
// CHECK: net.times %{{.*}}, %p
// CHECK: net.plus
builtin.module {
  net.parameter @W : !net.t<[4 x 7], f32> {init = "uniform", seed = 1}
  net.network {
    %x = net.input "x" : !net.t<[3], f32, @"*">
    %w = net.read @W : !net.t<[4 x 7], f32>
    %p = net.past_value %h {node = "p"} : !net.t<[4], f32, @"*">
    %xp = net.splice %x, %p : !net.t<[7], f32, @"*">
    %s = net.times %w, %xp {node = "s"} : !net.t<[4], f32, @"*">
    %h = net.tanh %s {node = "h"} : !net.t<[4], f32, @"*">
    net.roots output(%h)
  }
}
