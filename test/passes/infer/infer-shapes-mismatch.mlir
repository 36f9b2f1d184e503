// A product whose dimensions do not fit names the node, both shapes and the operands.
// RUN: not bs-opt %s -p net-infer-shapes 2>&1 | filecheck %s

// CHECK: error[BS0403]: the dimensions of a product do not fit in 'z'
// CHECK-NEXT: --> layers.bs:3:5
// CHECK-NEXT: [5 x 7] * [4]: [7] of the left meets [4] of the right ('W' is [5 x 7], 'x' is [4])
// CHECK: in: z
// CHECK: called from model.bs:9:1
builtin.module {
  net.parameter @W : !net.t<[5 x 7], f32> {init = "uniform", seed = 1}
  net.network {
    %x = net.input "x" : !net.t<[4], f32, @"*">
    %w = net.read @W : !net.t<[5 x 7], f32>
    %z = "net.times"(%w, %x) <{node = "z"}> : (!net.t<[5 x 7], f32>, !net.t<[4], f32, @"*">) -> !net.t<*, f32> loc(callsite("layers.bs":3:5 at "model.bs":9:1))
    net.roots output(%z)
  }
}
