// Elementwise work over whole samples takes all samples as one array: vectors, then a masked rest.
// RUN: bs-opt %s -p 'sched-to-kern{target=avx512}' | filecheck %s

// CHECK: kern.func @k(%x0: !kern.ptr, %x1: !kern.ptr, %y0: !kern.ptr, %n: index, %ws: !kern.ptr, %tid: index, %nt: index)
sched.kernel @k rows(%z : !net.t<[50], f32, @"*">, %s : !net.t<[1], f32>) -> (!net.t<[50], f32, @"*">) {
  // CHECK: %[[SCALE:.*]] = kern.load %x1[%{{.*}}] : f32
  // CHECK-NEXT: kern.broadcast %[[SCALE]] : f32 to vector<16xf32>
  // CHECK: scf.for
  // CHECK-COUNT-4: kern.store {{.*}} : vector<16xf32>
  // CHECK: scf.for
  // CHECK: %[[COUNT:.*]] = arith.subi %end
  // CHECK: kern.load %x0[%{{.*}}], %[[COUNT]] : vector<16xf32>
  // CHECK: kern.choose ogt
  // CHECK: kern.store %{{.*}}, %y0[%{{.*}}], %[[COUNT]] : vector<16xf32>
  %h = net.rectified_linear %z : !net.t<[50], f32, @"*">
  %p = net.element_times %h, %s : !net.t<[50], f32, @"*">
  sched.yield %p : !net.t<[50], f32, @"*">
}
