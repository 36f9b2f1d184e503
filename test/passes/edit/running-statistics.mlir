// Batch normalisations below a node, or those named, keep their running statistics for good; what
// is for parameters leaves other nodes as they are, and properties of old scripts have no effect.
// RUN: bs-opt %s -p 'net-set-property{node="e" property="batchNormEvalMode" value="true" tree=true}' | filecheck %s --check-prefix BELOW
// RUN: bs-opt %s -p 'net-set-property{node="b" property="freezeParameters" value="true"}' | filecheck %s --check-prefix ONE
// RUN: bs-opt %s -p 'net-set-property{node="c" property="batchNormEvalMode" value="false"},net-set-property{node="c" property="needsGradient" value="false"},net-set-property{node="c" property="multiSeq" value="true"}' | filecheck %s --check-prefix SAME
// BELOW: net.parameter @s : {{.*}} {init = "constant", value = 1.0}
// BELOW: node = "b", time_constant = 0x7ff0000000000000 : f64, blend_time_constant = 0x7ff0000000000000
// BELOW: node = "c", time_constant = 0x7ff0000000000000 : f64, blend_time_constant = 0x7ff0000000000000
// ONE: node = "b", time_constant = 0x7ff0000000000000 : f64, blend_time_constant = 0x7ff0000000000000
// ONE: node = "c", time_constant = 60.0}
// SAME: net.parameter @s : {{.*}} {init = "constant", value = 1.0}
// SAME: node = "b", time_constant = 60.0}
// SAME: node = "c", time_constant = 60.0}
net.parameter @s : !net.t<[3], f32> {init = "constant", value = 1.0}
net.parameter @m : !net.t<[3], f32> {init = "constant", value = 0.0, learning_rate_multiplier = 0.0}
net.network {
  %x = net.input "x" : !net.t<[3], f32, @"*">
  %s = net.read @s : !net.t<[3], f32>
  %m = net.read @m : !net.t<[3], f32>
  %b = net.batch_normalization %x, %s, %s, %m, %m {node = "b", time_constant = 60.0} : !net.t<[3], f32, @"*">
  %c = net.batch_normalization %b, %s, %s, %m, %m {node = "c", time_constant = 60.0} : !net.t<[3], f32, @"*">
  %e = net.square_error %x, %c {node = "e"} : !net.t<[1], f32>
  net.roots criterion(%e)
}
