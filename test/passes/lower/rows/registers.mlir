// Samples of a few vectors are held in registers, two at a time; masked lanes reduce to nothing.
// RUN: bs-opt %s -p 'sched-to-kern{target=avx512}' | filecheck %s

// CHECK: kern.func @k{{.*}} attributes {workspace = 0}
sched.kernel @k rows(%z : !net.t<[20], f32, @"*">) -> (!net.t<[20], f32, @"*">, !net.t<[1], f32, @"*">) {
  // CHECK: scf.for %{{.*}} = %start to
  // CHECK-COUNT-2: kern.reduce "max"
  // CHECK: scf.for %[[ROW:.*]] = %{{.*}} to %end
  // CHECK: %[[A:.*]] = kern.load %x0[%{{.*}}] : vector<16xf32>
  // CHECK: %[[B:.*]] = kern.load %x0[%{{.*}}], %{{.*}} : vector<16xf32>
  // CHECK: %[[FILLED:.*]] = kern.fill %[[B]]
  // CHECK: kern.choose ogt %[[FILLED]], %[[A]]
  // CHECK: kern.reduce "max"
  // CHECK: kern.reduce "add"
  // CHECK: kern.store %{{.*}}, %y0
  // CHECK: kern.store %{{.*}}, %y1[%[[ROW]]] : f32
  %p = net.softmax %z : !net.t<[20], f32, @"*">
  %m = net.reduce %p {op = "Max"} : !net.t<[1], f32, @"*">
  sched.yield %p, %m : !net.t<[20], f32, @"*">, !net.t<[1], f32, @"*">
}
