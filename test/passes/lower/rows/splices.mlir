// The parts of a splice are stored where they belong, each by the pass that makes it.
// RUN: bs-opt %s -p 'sched-to-kern{target=avx512}' | filecheck %s

// CHECK: kern.func @gates(%x0: !kern.ptr, %x1: !kern.ptr, %y0: !kern.ptr, %n
sched.kernel @gates rows(%a: !net.t<[40], f32, @"*">, %b: !net.t<[40], f32, @"*">) -> (!net.t<[80], f32, @"*">) {
  // CHECK: %[[A:.*]] = kern.load %x0
  // CHECK: %[[B:.*]] = kern.load %x1
  // CHECK: math.tanh
  // CHECK: kern.store %{{.*}}, %y0[
  // CHECK: kern.store %{{.*}}, %y0[
  %s = net.abs %a : !net.t<[40], f32, @"*">
  %t = net.tanh %b : !net.t<[40], f32, @"*">
  %z = net.splice %s, %t : !net.t<[80], f32, @"*">
  sched.yield %z : !net.t<[80], f32, @"*">
}

// Parts of several sizes are made one after the other; two axes that both have are one.
// CHECK: kern.func @uneven
sched.kernel @uneven rows(%a: !net.t<[8 x 6], f32, @"*">, %b: !net.t<[8 x 2], f32, @"*">) -> (!net.t<[8 x 8], f32, @"*">) {
  // CHECK: scf.for
  // CHECK: kern.load %x0
  // CHECK: kern.store %{{.*}}, %y0[
  // CHECK: kern.load %x1
  // CHECK: kern.store %{{.*}}, %y0[
  %z = net.splice %a, %b {axis = 2} : !net.t<[8 x 8], f32, @"*">
  sched.yield %z : !net.t<[8 x 8], f32, @"*">
}

// A part that is repeated along another axis keeps the two axes apart.
// CHECK: kern.func @repeated
sched.kernel @repeated rows(%a: !net.t<[2 x 3], f32, @"*">, %b: !net.t<[1 x 2], f32, @"*">) -> (!net.t<[2 x 5], f32, @"*">) {
  // CHECK: %[[ONE:.*]] = kern.load %x1[%{{.*}}] : f32
  // CHECK: kern.broadcast %[[ONE]]
  %z = net.splice %a, %b {axis = 2} : !net.t<[2 x 5], f32, @"*">
  sched.yield %z : !net.t<[2 x 5], f32, @"*">
}
