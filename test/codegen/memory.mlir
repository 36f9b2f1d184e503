// A count of lanes becomes a mask: a constant one when the count is known, none when it is full.
// RUN: bs-opt %s --emit llvm | filecheck %s

// CHECK-LABEL: define void @k(
kern.func @k(%x : !kern.ptr, %n : index, %ws : !kern.ptr, %tid : index, %nt : index) {
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  // CHECK: load <4 x float>, ptr %a0, align 4
  %a = kern.load %x[%c0], %c4 : vector<4xf32>
  // CHECK: call <4 x float> @llvm.masked.load.v4f32.p0(ptr align 4 %a0, <4 x i1> <i1 true, i1 true, i1 true, i1 false>, <4 x float> zeroinitializer)
  %b = kern.load %x[%c0], %c3 : vector<4xf32>
  // CHECK: call i64 @llvm.smin.i64(i64 %a1, i64 4)
  // CHECK: [[M:%.*]] = icmp slt <4 x i32> <i32 0, i32 1, i32 2, i32 3>, %{{.*}}
  // CHECK: call void @llvm.masked.store.v4f32.p0(<4 x float> {{.*}}, ptr align 4 %a0, <4 x i1> [[M]])
  kern.store %b, %x[%c0], %n : vector<4xf32>
  // CHECK: call void @llvm.prefetch.p0(ptr %a0, i32 0, i32 3, i32 1)
  kern.prefetch %x[%c0] : f32
  // CHECK: shufflevector <4 x float> {{.*}} <2 x i32> <i32 0, i32 1>
  // CHECK: shufflevector <4 x float> {{.*}} <2 x i32> <i32 2, i32 3>
  // CHECK: fadd <2 x float>
  // CHECK: fadd <1 x float>
  // CHECK: extractelement <1 x float> {{.*}}, i64 0
  %s = kern.reduce "add", %a : vector<4xf32> to f32
  kern.store %s, %x[%c0] : f32
  kern.return
}
