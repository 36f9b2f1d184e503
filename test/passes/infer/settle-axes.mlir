// Operands come onto one dynamic axis; of some operands only the axis is left.
// RUN: bs-opt %s -p net-infer-shapes,net-settle-axes | filecheck %s

net.network {
  %x = net.input "x" : !net.t<[2], f32, @"*">
  %y = net.input "y" : !net.t<[2], f32, @"b">
  %f = net.input "f" : !net.t<[1], f32, @"*">
  %l = net.sequence_slice %x {begin = -1, node = "l"} : !net.t<*, f32>
  %d = net.minus %y, %l {node = "d"} : !net.t<*, f32>
  %w = net.where %f {node = "w"} : !net.t<*, f32>
  %i = net.packed_index %x, %w {node = "i"} : !net.t<*, f32>
  %g = net.gather_packed %i, %x {node = "g"} : !net.t<*, f32>
  %s = net.scatter_packed %f, %i, %g {node = "s"} : !net.t<*, f32>
  %t = net.reduce %x {axis = -2, node = "t"} : !net.t<*, f32>
  %r = net.reconcile_dynamic_axis %t, %x {node = "r"} : !net.t<*, f32>
  %p = net.transpose_times %l, %r {node = "p"} : !net.t<*, f32>
  net.roots output(%d, %s, %p)
}
// CHECK: %l = net.sequence_slice %x {node = "l", begin = -1} : !net.t<[2], f32, @"*/first">
// CHECK-NEXT: [[M:%.*]] = net.sequence_spread %l {alike = true} : !net.t<[2], f32, @b>
// CHECK-NEXT: %d = net.minus %y, [[M]] {node = "d"} : !net.t<[2], f32, @b>
// CHECK-NEXT: %w = net.where %f {node = "w", condition = "f"} : !net.t<[1], f32, @"*/where:f">
// CHECK-NEXT: %i = net.columns %w {node = "i", axis = "*"} : !net.t<[1], f32, @"*/where:f">
// CHECK-NEXT: %g = net.gather_packed %i, %x {node = "g"} : !net.t<[2], f32, @"*/where:f">
// CHECK-NEXT: %s = net.scatter_columns %i, %g {node = "s"} : !net.t<[2], f32, @"*">
// CHECK-NEXT: %t = net.sequence_fold %x {node = "t"} : !net.t<[2], f32, @"*/first">
// CHECK-NEXT: %r = net.sequence_spread %t {node = "r"} : !net.t<[2], f32, @"*">
// CHECK-NEXT: [[Y:%.*]] = net.sequence_spread %l {alike = true} : !net.t<[2], f32, @"*">
// CHECK-NEXT: %p = net.transpose_times [[Y]], %r {node = "p"} : !net.t<[1], f32, @"*">
