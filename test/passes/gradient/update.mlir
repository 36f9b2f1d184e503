// The update: smoothed gradient, learning-rate multiplier, running sums; all writes come last.
// RUN: bs-opt %s -p net-update | filecheck %s

// CHECK: net.state @criterion.ce : !net.t<[1], f32> {role = "criterion", of = "ce"}
// CHECK: net.state @hyper.momentum : !net.t<[1], f32> {role = "hyper"}
// CHECK: net.state @hyper.learning_rate
// CHECK: net.state @momentum.W : !net.t<[2], f32> {role = "momentum", of = "W"}
// CHECK: [[SUM:%\d+]] = net.sum_elements %d
// CHECK: [[M:%\d+]] = net.read @hyper.momentum
// CHECK: [[R:%\d+]] = net.read @hyper.learning_rate
// CHECK: [[GAIN:%\d+]] = net.minus {{%\d+}}, [[M]]
// CHECK: [[TWICE:%\d+]] = net.element_times [[R]], {{%\d+}}
// CHECK: [[STEP:%\d+]] = net.element_times [[GAIN]], [[TWICE]]
// CHECK: [[S:%\d+]] = net.read @momentum.W
// CHECK-NEXT: [[OLD:%\d+]] = net.element_times [[M]], [[S]]
// CHECK-NEXT: [[NEW:%\d+]] = net.element_times [[STEP]], %w
// CHECK-NEXT: [[S1:%\d+]] = net.plus [[OLD]], [[NEW]]
// CHECK-NEXT: [[W1:%\d+]] = net.minus %w, [[S1]]
// CHECK-NEXT: net.accumulate @criterion.ce, [[SUM]]
// CHECK-NEXT: net.write @momentum.W, [[S1]]
// CHECK-NEXT: net.write @W, [[W1]]
// CHECK-NEXT: net.roots output(%d)
builtin.module {
  net.parameter @W : !net.t<[2], f32> {init = "uniform", seed = 1, learning_rate_multiplier = 2.0}
  net.network {
    %x = net.input "x" : !net.t<[2], f32, @"*">
    %w = net.read @W : !net.t<[2], f32>
    %d = net.minus %x, %w {node = "ce"} : !net.t<[2], f32, @"*">
    net.gradient @W, %w
    net.roots criterion(%d), output(%d)
  }
}
