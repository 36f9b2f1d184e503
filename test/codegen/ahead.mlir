// Every step of a product asks for a line that is read later: not into the first cache.
// RUN: bs-opt %s --emit llvm | filecheck %s

// CHECK-LABEL: define void @k(
kern.func @k(%x : !kern.ptr, %y : !kern.ptr, %n : index, %ws : !kern.ptr, %tid : index, %nt : index) {
  %c1 = arith.constant 1 : index
  %z = kern.tile_zero : !kern.tile<1, 4, vector<4xf32>>
  // CHECK: %[[LINE:.*]] = phi ptr [ %a1, %entry ], [ %[[NEXT:.*]], %{{.*}} ]
  // CHECK: call void @llvm.prefetch.p0(ptr %[[LINE]], i32 0, i32 2, i32 1)
  // CHECK: call <4 x float> @llvm.fmuladd.v4f32(
  // CHECK: %[[NEXT]] = getelementptr inbounds float, ptr %[[LINE]], i64 %a2
  %t = kern.tile_multiply %z, %x row 9 step %c1, %x pitch %n, depth %n unroll 1 ahead %y every %n : !kern.tile<1, 4, vector<4xf32>>
  kern.tile_store %t, %ws[%c1] stride 4 : !kern.tile<1, 4, vector<4xf32>>
  kern.return
}
