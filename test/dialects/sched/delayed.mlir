// The initial state of a delay has the elements of the buffer, or those of every step; a buffer
// may be seen reshaped.
// RUN: bs-opt %s | bs-opt - | filecheck %s

// CHECK: sched.delayed %x, %i 2 : !net.t<[4 x 1], f32, @"*">, !net.t<[4], f32, @"*/first">
// CHECK: sched.delayed %x, %all 2 : !net.t<[4 x 1], f32, @"*">, !net.t<[4 x 2], f32, @"*/first">
sched.program @step ["*", "*/first"] {
  %x = sched.buffer input "x" : !net.t<[4 x 1], f32, @"*">
  %i = sched.buffer input "i" : !net.t<[4], f32, @"*/first">
  %all = sched.buffer input "all" : !net.t<[4 x 2], f32, @"*/first">
  sched.loop past "*" {
    %d = sched.delayed %x, %i 2 : !net.t<[4 x 1], f32, @"*">, !net.t<[4], f32, @"*/first">
    %e = sched.delayed %x, %all 2 : !net.t<[4 x 1], f32, @"*">, !net.t<[4 x 2], f32, @"*/first">
  }
}
