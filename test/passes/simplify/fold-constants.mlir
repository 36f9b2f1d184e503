// What depends on numbers alone is a number, rounded as the kernels round; parameters are none.
// RUN: bs-opt %s -p net-fold-constants | filecheck %s

// CHECK: %[[C:.*]] = net.splat 0.30000001192092896 : !net.t<[1], f32>
// CHECK-NEXT: %[[W:.*]] = net.splat 0.30000001192092896 : !net.t<[3], f32>
// CHECK-NEXT: %e = net.exp %[[W]]
// CHECK: %k = net.element_times %p, %[[C]]
// CHECK: net.splat 1.0 {node = "f"} : !net.t<[1], f32>
// CHECK: net.element_times %big, %big
builtin.module {
  net.parameter @P : !net.t<[1], f32> {init = "constant", value = 2.0, learning_rate_multiplier = 0.0}
  net.network {
    %a = net.splat 0.1 : !net.t<[1], f32>
    %b = net.splat 0.2 : !net.t<[1], f32>
    %big = net.splat 1.0e+30 : !net.t<[1], f32>
    %p = net.read @P : !net.t<[1], f32>
    %c = net.plus %a, %b : !net.t<[1], f32>
    %w = net.broadcast_to %c : !net.t<[3], f32>
    %e = net.exp %w {node = "e"} : !net.t<[3], f32>
    %k = net.element_times %p, %c {node = "k"} : !net.t<[1], f32>
    %f = net.less %a, %b {node = "f"} : !net.t<[1], f32>
    %o = net.element_times %big, %big {node = "o"} : !net.t<[1], f32>
    net.roots output(%e, %k, %f, %o)
  }
}
