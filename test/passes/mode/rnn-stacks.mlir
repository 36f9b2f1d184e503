// A stack of recurrent layers becomes products with slices of its weights, and a delay of its output.
// RUN: bs-opt %s -p net-expand-rnn-stacks | filecheck %s

// CHECK: %[[ALL:.*]] = net.reshape %W {dims = [27]}
// CHECK: %[[BEFORE:.*]] = net.past_value %y {outside = 0.0}
// CHECK: net.slice %[[ALL]] {begin = 21, end = 24}
// CHECK: net.reshape %{{.*}} {dims = [4, 3]}
// CHECK: net.transpose_times %{{.*}}, %x
// CHECK: net.slice %[[ALL]] {begin = 24, end = 27}
// CHECK: net.transpose_times %{{.*}}, %[[BEFORE]]
// CHECK: %y = net.tanh %{{.*}} {node = "y"}
// CHECK-NOT: optimized_rnn_stack
builtin.module {
  net.parameter @W : !net.t<[3 x 9], f32> {init = "uniform", seed = 1}
  net.network {
    %W = net.read @W : !net.t<[3 x 9], f32>
    %x = net.input "x" : !net.t<[4], f32, @"*">
    %y = net.optimized_rnn_stack %W, %x {node = "y", hidden = 3, cell = "rnnTanh"} : !net.t<[3], f32, @"*">
    net.roots output(%y)
  }
}
