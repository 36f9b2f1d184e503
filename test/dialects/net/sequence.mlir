// Operations on sequences are printed as they are read.
// RUN: bs-opt %s | bs-opt - | filecheck %s

builtin.module {
  net.network {
    %x = net.input "x" : !net.t<[2], f32, @"*">
    %a = net.sequence_slice %x {begin = 1, end = -1} : !net.t<[2], f32, @"*/slice:1:-1">
    %s = net.sequence_embed %a {begin = 1, end = -1} : !net.t<[2], f32, @"*">
    %e = net.edit_distance %x, %s {squash = true, ignore = [0, 2]} : !net.t<[1], f32>
    net.roots output(%s), evaluation(%e)
  }
}
// CHECK: net.sequence_slice %x {begin = 1, end = -1} : !net.t<[2], f32, @"*/slice:1:-1">
// CHECK-NEXT: %s = net.sequence_embed %a {begin = 1, end = -1} : !net.t<[2], f32, @"*">
// CHECK-NEXT: %e = net.edit_distance %x, %s {squash = true, ignore = [
