// Every operation prints in its compact form and reads back as it was.
// RUN: bs-opt %s | bs-opt | filecheck %s
// RUN: bs-opt %s | filecheck %s

// CHECK: net.parameter @W : !net.t<[5 x ?], f32> {init = "glorotUniform", seed = 7, scale = 2.5}
// CHECK: net.parameter @"a.b[0]" : !net.t<*, f32> {init = "fromLiteral", literal = "1 2"}
// CHECK: net.state @momentum.W : !net.t<[5 x 3], f32> {role = "momentum", of = "W"}
// CHECK: %x = net.input "x y" {sparse = true} : !net.t<[3 x 2], f32, @axis>
// CHECK: %c = net.splat 1.0e-30 : !net.t<[1], f32>
// CHECK: %w = net.read @V : !net.t<[5 x 3], f32>
// CHECK: %t = net.times %w, %x {node = "h.t[0]"} : !net.t<[5 x 2], f32, @axis>
// CHECK: %u = net.times %w, %x {node = "u", note = "kept"} : !net.t<*, f32>
// CHECK: %r = net.reduce %t {op = "Max", axis = 2} : !net.t<[5 x 1], f32, @axis>
// CHECK: %i = net.select %t, %t, %c : !net.t<[5 x 2], f32, @axis>
// CHECK: %e = net.classification_error %t, %t, %c : !net.t<[1], f32>
// CHECK: net.accumulate @sum, %c
// CHECK: net.write @V, %w
// CHECK: net.gradient @V, %w
// CHECK: net.roots feature(%x), criterion(%e, %c), output(%e)
builtin.module attributes {net.precision = "float"} {
  net.parameter @W : !net.t<[5 x ?], f32> {init = "glorotUniform", seed = 7, scale = 2.5, learning_rate_multiplier = 1.0}
  net.parameter @V : !net.t<[5 x 3], f32> {init = "constant", value = 0.0}
  net.parameter @"a.b[0]" : !net.t<*, f32> {init = "fromLiteral", literal = "1 2"}
  net.state @momentum.W : !net.t<[5 x 3], f32> {role = "momentum", of = "W"}
  net.state @sum : !net.t<[1], f32> {role = "criterion"}
  net.network {
    %x = net.input "x y" {sparse = true} : !net.t<[3 x 2], f32, @axis>
    %c = net.splat 1.0e-30 : !net.t<[1], f32>
    %w = net.read @V : !net.t<[5 x 3], f32>
    %t = net.times %w, %x {output_rank = 1, node = "h.t[0]", infer_rank = -1} : !net.t<[5 x 2], f32, @axis>
    %u = net.times %w, %x {node = "u", note = "kept"} : !net.t<*, f32>
    %r = net.reduce %t {op = "Max", axis = 2} : !net.t<[5 x 1], f32, @axis>
    %i = net.select %t, %t, %c : !net.t<[5 x 2], f32, @axis>
    %e = net.classification_error %t, %t, %c : !net.t<[1], f32>
    net.accumulate @sum, %c
    net.write @V, %w
    net.gradient @V, %w
    net.roots feature(%x), criterion(%e, %c), output(%e)
  }
}
