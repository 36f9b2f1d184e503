// Statistics of channels: threads share the channels, sums stay in memory from sample to sample;
// where sums are subtracted from each other all of it is in double precision.
// RUN: bs-opt %s -p 'sched-to-kern{target=avx512}' | filecheck %s

// CHECK: kern.func @k
sched.kernel @k columns(%x : !net.t<[4 x 16 x 8], f32, @"*">) -> (!net.t<[1 x 1 x 8], f32>) {
  // CHECK: scf.for %[[BLOCK:.*]] = %start to %end
  // CHECK: scf.for %{{.*}} to %n
  // CHECK-NEXT: scf.for %[[CHANNEL:.*]] = %[[BLOCK]] to
  // CHECK: kern.load %ws[%{{.*}}] : vector<16xf64>
  // CHECK: scf.for
  // CHECK: %[[X:.*]] = kern.load %x0[%{{.*}}] : vector<16xf32>
  // CHECK-NEXT: %[[WIDE:.*]] = arith.extf %[[X]]
  // CHECK: arith.mulf %[[WIDE]], %[[WIDE]] : vector<16xf64>
  // CHECK: kern.store %{{.*}}, %ws[%{{.*}}] : vector<16xf64>
  // CHECK: kern.reduce "add", %{{.*}} : vector<16xf64> to f64
  // CHECK: %[[SPREAD:.*]] = arith.subf %{{.*}} : f64
  // CHECK: %[[CUT:.*]] = arith.truncf %[[SPREAD]] : f64 to f32
  // CHECK: kern.store %[[CUT]], %y0[%{{.*}}] : f32
  %s = net.sum_to %x : !net.t<[1 x 1 x 8], f32>
  %q = net.element_times %x, %x : !net.t<[4 x 16 x 8], f32, @"*">
  %t = net.sum_to %q : !net.t<[1 x 1 x 8], f32>
  %u = net.element_times %s, %s : !net.t<[1 x 1 x 8], f32>
  %v = net.minus %t, %u : !net.t<[1 x 1 x 8], f32>
  sched.yield %v : !net.t<[1 x 1 x 8], f32>
}
