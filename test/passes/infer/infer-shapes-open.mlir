// A parameter whose output dimension is left open is refused, with what to do about it.
// RUN: not bs-opt %s -p net-infer-shapes 2>&1 | filecheck %s

// CHECK: error[BS0405]: the dimensions of 'W' were never inferred
// CHECK: its shape is [? x 4]
// CHECK: help: give all its dimensions
builtin.module {
  net.parameter @W : !net.t<[? x ?], f32> {init = "uniform", seed = 1}
  net.network {
    %x = net.input "x" : !net.t<[4], f32, @"*">
    %w = net.read @W : !net.t<[? x ?], f32>
    %z = net.times %w, %x {node = "z"} : !net.t<*, f32>
    net.roots output(%z)
  }
}
