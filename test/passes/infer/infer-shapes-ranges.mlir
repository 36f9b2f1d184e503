// Random parameters get the range of their distribution once their dimensions are known.
// RUN: bs-opt %s -p net-infer-shapes | filecheck %s

// sqrt (6 / (10 + 30)) and sqrt (2 / 30) in single precision; 0.2 / sqrt (30), scaled by 10;
// of a filter [3 x 3 x 4 x 8] with 8 outputs, sqrt (2 / (3 * 3 * 4)).
// CHECK: @glorot : {{.*}} range = 0.38729834
// CHECK: @he : {{.*}} range = 0.25819888
// CHECK: @gaussian : {{.*}} range = 0.36514836
// CHECK: @filter : {{.*}} range = 0.23570226
// CHECK: @uniform : {{.*}} range = 0.05000000074505806
// CHECK: @wide : {{.*}} range = 0.05000000074505806
// CHECK: @constant : {{.*}} {init = "constant", value = 3.0}
builtin.module {
  net.parameter @glorot : !net.t<[10 x 30], f32> {init = "glorotUniform", seed = 1}
  net.parameter @he : !net.t<[10 x 30], f32> {init = "heNormal", seed = 1}
  net.parameter @gaussian : !net.t<[10 x 30], f32> {init = "gaussian", seed = 1, scale = 10.0}
  net.parameter @filter : !net.t<[3 x 3 x 4 x 8], f32> {init = "heNormal", seed = 1, filter_rank = 2, output_rank = -1}
  net.parameter @uniform : !net.t<[10], f32> {init = "uniform", seed = 1}
  net.parameter @wide : !net.t<[10], f64> {init = "uniform", seed = 1}
  net.parameter @constant : !net.t<[10], f32> {init = "constant", value = 3.0}
  net.network {
    net.roots
  }
}
