// Every operation of the dialect is printed as it is read.
// RUN: bs-opt %s | bs-opt | filecheck %s

// CHECK: kern.func @all(%x: !kern.ptr, %y: !kern.ptr, %n: index, %ws: !kern.ptr, %tid: index, %nt: index) attributes {workspace = 128} {
kern.func @all(%x : !kern.ptr, %y : !kern.ptr, %n : index, %ws : !kern.ptr, %tid : index, %nt : index) attributes {workspace = 128} {
  // CHECK-NEXT: kern.func @local(%p: !kern.ptr, %i: index) {
  kern.func @local(%p : !kern.ptr, %i : index) {
    // CHECK-NEXT: %a = kern.load %p[%i] : f32
    %a = kern.load %p[%i] : f32
    // CHECK-NEXT: %b = kern.broadcast %a : f32 to vector<16xf32>
    %b = kern.broadcast %a : f32 to vector<16xf32>
    // CHECK-NEXT: %c = kern.reduce "add", %b : vector<16xf32> to f32
    %c = kern.reduce "add", %b : vector<16xf32> to f32
    // CHECK-NEXT: kern.store %c, %p[%i] : f32
    kern.store %c, %p[%i] : f32
    // CHECK-NEXT: kern.return
    kern.return
  }
  // CHECK: kern.call @local(%x, %n) : !kern.ptr, index
  kern.call @local(%x, %n) : !kern.ptr, index
  // CHECK-NEXT: %q = kern.offset %y[%n] : f32
  %q = kern.offset %y[%n] : f32
  // CHECK-NEXT: kern.prefetch %q[%n] : f32
  kern.prefetch %q[%n] : f32
  // CHECK-NEXT: %v = kern.load %q[%n], %tid : vector<8xf64>
  %v = kern.load %q[%n], %tid : vector<8xf64>
  // CHECK-NEXT: kern.store %v, %y[%n], %tid : vector<8xf64>
  kern.store %v, %y[%n], %tid : vector<8xf64>
  // CHECK-NEXT: kern.dot %x, %y stride 9 columns 2 to %ws, depth %n : vector<16xf32>
  kern.dot %x, %y stride 9 columns 2 to %ws, depth %n : vector<16xf32>
  // CHECK-NEXT: kern.transpose %x[%n] stride 9 rows 3 to %y[%n] stride 16 count %n : vector<16xf32>
  kern.transpose %x[%n] stride 9 rows 3 to %y[%n] stride 16 count %n : vector<16xf32>
  kern.return
}
