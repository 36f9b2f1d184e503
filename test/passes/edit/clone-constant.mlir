// A constant clone has frozen copies of the parameters, and its batch normalisation keeps the
// running statistics as they are; the originals learn as before.
// RUN: bs-opt %s -p net-clone-function | filecheck %s
// CHECK: net.parameter @s : {{.*}} {init = "constant", value = 1.0}
// CHECK: net.parameter @t.s : {{.*}} {init = "constant", value = 1.0, learning_rate_multiplier = 0.0}
// CHECK: net.parameter @t.m : {{.*}} learning_rate_multiplier = 0.0
// CHECK: node = "b", time_constant = 60.0
// CHECK: node = "t.b", time_constant = 0x7ff0000000000000 : f64, blend_time_constant = 0x7ff0000000000000
net.parameter @s : !net.t<[3], f32> {init = "constant", value = 1.0}
net.parameter @m : !net.t<[3], f32> {init = "constant", value = 0.0, learning_rate_multiplier = 0.0}
net.network {
  %x = net.input "x" : !net.t<[3], f32, @"*">
  %new = net.input "new" : !net.t<[3], f32, @"*">
  %s = net.read @s : !net.t<[3], f32>
  %m = net.read @m : !net.t<[3], f32>
  %b = net.batch_normalization %x, %s, %s, %m, %m {node = "b", time_constant = 60.0} : !net.t<[3], f32, @"*">
  %t = net.clone "constant" of [%b] with (%x = %new) {path = "t"} : !net.t<[3], f32, @"*">
  net.keep %t, %b
  net.roots
}
