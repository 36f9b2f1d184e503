// Loops test at the bottom, carried values are phis, and arithmetic on known numbers costs nothing.
// RUN: bs-opt %s --emit llvm | filecheck %s

// CHECK: define internal void @k.part(ptr %a0, i64 %a1) #0 {
// CHECK: define void @k(ptr %a0, i64 %a1, ptr %a2, i64 %a3, i64 %a4) #0 {
kern.func @k(%x : !kern.ptr, %n : index, %ws : !kern.ptr, %tid : index, %nt : index) {
  kern.func @part(%p : !kern.ptr, %i : index) {
    kern.return
  }
  %zero = arith.constant 0 : index
  %two = arith.constant 2 : index
  %four = arith.muli %two, %two : index
  %start = arith.constant 1.5 : f32
  // CHECK: [[C:%.*]] = icmp slt i64 0, %a1
  // CHECK-NEXT: br i1 [[C]], label %[[BODY:.*]], label %[[EXIT:.*]]
  // CHECK: [[BODY]]:
  // CHECK-NEXT: [[I:%.*]] = phi i64 [ 0, %entry ], [ [[NEXT:%.*]], %[[BODY]] ]
  // CHECK-NEXT: [[S:%.*]] = phi float [ 0x3FF8000000000000, %entry ], [ [[A:%.*]], %[[BODY]] ]
  %sum = scf.for %i = %zero to %n step %four iter_args(%s = %start) -> (f32) {
    // CHECK: load float, ptr {{.*}}, align 4
    %v = kern.load %x[%i] : f32
    // CHECK-NEXT: [[A]] = fadd float [[S]]
    %a = arith.addf %s, %v : f32
    // CHECK-NEXT: [[NEXT]] = add nsw i64 [[I]], 4
    scf.yield %a : f32
  }
  // CHECK: [[EXIT]]:
  // CHECK-NEXT: phi float [ 0x3FF8000000000000, %entry ], [ [[A]], %[[BODY]] ]
  kern.store %sum, %x[%zero] : f32
  %known = arith.cmpi slt, %two, %four : index
  scf.if %known {
    // CHECK-NOT: br i1 true
    // CHECK: call void @k.part(ptr %a0, i64 4)
    kern.call @part(%x, %four) : !kern.ptr, index
    scf.yield
  }
  kern.return
}
