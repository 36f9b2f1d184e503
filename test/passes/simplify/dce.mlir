// What no root and no written symbol needs is gone, rings and unused parameters included.
// RUN: bs-opt %s -p net-dce | filecheck %s

// CHECK-NOT: @unused
// CHECK: net.parameter @kept
// CHECK-NOT: net.exp
// CHECK-NOT: net.past_value
// CHECK: net.write @kept
// CHECK: net.roots output(%y)
builtin.module {
  net.parameter @unused : !net.t<[2], f32> {init = "uniform", seed = 1}
  net.parameter @kept : !net.t<[2], f32> {init = "uniform", seed = 1}
  net.network {
    %x = net.input "x" : !net.t<[2], f32, @"*">
    %u = net.read @unused : !net.t<[2], f32>
    %a = net.plus %x, %u {node = "a"} : !net.t<[2], f32, @"*">
    %b = net.exp %a {node = "b"} : !net.t<[2], f32, @"*">
    %p = net.past_value %h {node = "p"} : !net.t<[2], f32, @"*">
    %h = net.plus %p, %x {node = "h"} : !net.t<[2], f32, @"*">
    %s = net.sum_to %x : !net.t<[2], f32>
    %y = net.tanh %x {node = "y"} : !net.t<[2], f32, @"*">
    net.write @kept, %s
    net.roots output(%y)
  }
}
