// Short samples are turned so that a lane is a sample: reductions need no work across lanes.
// RUN: bs-opt %s -p 'sched-to-kern{target=avx512}' | filecheck %s

// CHECK: kern.func @k
sched.kernel @k rows(%z : !net.t<[2], f32, @"*">) -> (!net.t<[2], f32, @"*">) {
  // CHECK: scf.for
  // CHECK: %[[A:.*]], %[[B:.*]] = kern.load_rows %x0[%{{.*}}] stride 2
  // CHECK-NEXT: %[[MAX:.*]] = kern.choose ogt %[[B]], %[[A]], %[[B]], %[[A]]
  // CHECK: %[[TOP:.*]] = kern.choose oeq %[[MAX]], %{{.*}}, %{{.*}}, %[[MAX]]
  // CHECK-NEXT: arith.subf %[[A]], %[[TOP]]
  // CHECK-NEXT: arith.subf %[[B]], %[[TOP]]
  // CHECK-NEXT: %[[EA:.*]] = kern.decay
  // CHECK-NEXT: %[[EB:.*]] = kern.decay
  // CHECK: arith.addf %[[EA]], %[[EB]] : vector<16xf32>
  // CHECK-NOT: kern.reduce
  // CHECK: kern.store_rows %y0[%{{.*}}] stride 2
  // CHECK: kern.load_rows %x0[%{{.*}}], %{{.*}} stride 2
  %p = net.softmax %z : !net.t<[2], f32, @"*">
  sched.yield %p : !net.t<[2], f32, @"*">
}
