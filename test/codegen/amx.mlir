// Tile registers are named by number; distances of rows are in bytes.
// RUN: bs-opt %s --emit llvm | filecheck %s

// CHECK: @tile_configuration = private constant [64 x i8] c"\01\00{{.*}}\40\00\40\00{{.*}}\10\10
// CHECK-LABEL: define void @k(
kern.func @k(%x : !kern.ptr, %y : !kern.ptr, %n : index, %ws : !kern.ptr, %tid : index, %nt : index) {
  %c0 = arith.constant 0 : index
  %c32 = arith.constant 32 : index
  // CHECK: call void @llvm.x86.ldtilecfg(ptr @tile_configuration)
  kern.amx_configure
  // CHECK-NEXT: call void @llvm.x86.tilezero(i8 0)
  kern.amx_zero 0
  // CHECK: %[[AT:.*]] = getelementptr inbounds i32, ptr %a0, i64 32
  // CHECK-NEXT: call void @llvm.x86.tileloadd64(i8 4, ptr %[[AT]], i64 128)
  kern.amx_load 4, %x[%c32] stride 32
  // CHECK-NEXT: call void @llvm.x86.tileloadd64(i8 6, ptr %a3, i64 64)
  kern.amx_load 6, %ws[%c0] stride 16
  // CHECK-NEXT: call void @llvm.x86.tdpbf16ps(i8 0, i8 4, i8 6)
  kern.amx_multiply 0, 4, 6
  // CHECK-NEXT: call void @llvm.x86.tilestored64(i8 0, ptr %a1, i64 64)
  kern.amx_store 0, %y[%c0] stride 16
  // CHECK-NEXT: call void @llvm.x86.tilerelease()
  kern.amx_release
  kern.return
}
