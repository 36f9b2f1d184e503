// What lies on a ring becomes a loop; products with the input and readers of the state stay outside.
// RUN: bs-opt %s -p net-find-recurrences | filecheck %s
// RUN: bs-opt %s -p net-find-recurrences | bs-opt - --language mlir -p net-find-recurrences | filecheck %s

// CHECK: %wx = net.times %w, %x
// CHECK: %h = net.recurrence past(%r_1 = %r : {{.*}}, %wx_1 = %wx : {{.*}}) -> (!net.t<[4], f32, @"*">) {
// CHECK-NEXT: %p = net.past_value %h_1
// CHECK-NEXT: %rp = net.times %r_1, %p
// CHECK-NEXT: %s = net.plus %wx_1, %rp
// CHECK-NEXT: %h_1 = net.tanh %s
// CHECK-NEXT: net.yield %h_1
// A delay that others read too is a loop of its own for them.
// CHECK: net.recurrence past(%h_2 = %h :
// CHECK-NEXT: net.past_value %h_2
// CHECK-NEXT: net.yield
// CHECK: %z = net.times %v, %h
builtin.module {
  net.parameter @R : !net.t<[4 x 4], f32> {init = "uniform", seed = 1}
  net.parameter @V : !net.t<[2 x 4], f32> {init = "uniform", seed = 2}
  net.parameter @W : !net.t<[4 x 3], f32> {init = "uniform", seed = 3}
  net.network {
    %x = net.input "x" : !net.t<[3], f32, @"*">
    %r = net.read @R : !net.t<[4 x 4], f32>
    %v = net.read @V : !net.t<[2 x 4], f32>
    %w = net.read @W : !net.t<[4 x 3], f32>
    %p = net.past_value %h {node = "p"} : !net.t<[4], f32, @"*">
    %rp = net.times %r, %p : !net.t<[4], f32, @"*">
    %wx = net.times %w, %x : !net.t<[4], f32, @"*">
    %s = net.plus %wx, %rp : !net.t<[4], f32, @"*">
    %h = net.tanh %s {node = "h"} : !net.t<[4], f32, @"*">
    %z = net.times %v, %h {node = "z"} : !net.t<[2], f32, @"*">
    %y = net.times %v, %p {node = "y"} : !net.t<[2], f32, @"*">
    net.roots output(%z, %y)
  }
}
