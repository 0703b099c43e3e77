; Inno Setup 6 script: a per-user installation without administrator rights.
;   iscc /DVersion=0.1.0 /DFlavour=cpu /DSource=..\..\build\installer\stage\planetview packaging\windows\planetview.iss
; Silent:  planetview-setup.exe /VERYSILENT /SUPPRESSMSGBOXES /NORESTART [/DIR="D:\PlanetView"] [/TASKS=""]
; For everybody on the computer (needs an administrator):  add /ALLUSERS

#ifndef Version
  #error Give the version: /DVersion=1.2.3
#endif
#ifndef Flavour
  #define Flavour "cpu"
#endif
#ifndef Source
  #define Source "..\..\build\installer\stage\planetview"
#endif
#ifndef Out
  #define Out "..\..\dist"
#endif

[Setup]
; Stays the same for ever: by it a new version finds the old one.
AppId={{6C8F7C1E-3E0B-4B53-9C57-9E0C4F6D2A71}
AppName=PlanetView
AppVersion={#Version}
AppVerName=PlanetView {#Version}
AppPublisher=PlanetView maintainers
VersionInfoVersion={#Version}.0
DefaultDirName={autopf}\PlanetView
DefaultGroupName=PlanetView
DisableProgramGroupPage=yes
PrivilegesRequired=lowest
PrivilegesRequiredOverridesAllowed=commandline
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
MinVersion=10.0.17763
LicenseFile=..\..\LICENSE
InfoAfterFile=after.txt
SetupIconFile=..\..\build\installer\icons\planetview.ico
UninstallDisplayIcon={app}\planetview-gui.exe
UninstallDisplayName=PlanetView {#Version} ({#Flavour})
OutputDir={#Out}
OutputBaseFilename=planetview-{#Version}-windows-x64-{#Flavour}-setup
Compression=lzma2/normal
SolidCompression=no
LZMANumBlockThreads=2
; One file may hold 2 GB at most: the CUDA flavour is cut into slices beside the setup.
#if Flavour == "cuda"
DiskSpanning=yes
DiskSliceSize=1900000000
#endif
ChangesAssociations=yes
ChangesEnvironment=yes
CloseApplications=yes
WizardStyle=modern

[Languages]
Name: "en"; MessagesFile: "compiler:Default.isl"

[Tasks]
Name: "desktop"; Description: "Put an icon on the &desktop"; Flags: unchecked
Name: "associate"; Description: "Open .&planetview files with PlanetView"
Name: "path"; Description: "Make the command line ""planetview"" known in new &terminals"

[InstallDelete]
; Files of an older version must not stay among those of the new one.
Type: filesandordirs; Name: "{app}\_internal"

[Files]
Source: "{#Source}\*"; DestDir: "{app}"; Flags: ignoreversion recursesubdirs createallsubdirs

[Icons]
Name: "{group}\PlanetView"; Filename: "{app}\planetview-gui.exe"; AppUserModelID: "PlanetView"
Name: "{group}\Licences"; Filename: "{app}\THIRD_PARTY_NOTICES.txt"
Name: "{autodesktop}\PlanetView"; Filename: "{app}\planetview-gui.exe"; Tasks: desktop; AppUserModelID: "PlanetView"

[Registry]
Root: HKA; Subkey: "Software\Classes\.planetview"; ValueType: string; ValueName: ""; ValueData: "PlanetView.Study"; Flags: uninsdeletevalue; Tasks: associate
Root: HKA; Subkey: "Software\Classes\.planetview\OpenWithProgids"; ValueType: string; ValueName: "PlanetView.Study"; ValueData: ""; Flags: uninsdeletevalue; Tasks: associate
Root: HKA; Subkey: "Software\Classes\PlanetView.Study"; ValueType: string; ValueName: ""; ValueData: "PlanetView study"; Flags: uninsdeletekey; Tasks: associate
Root: HKA; Subkey: "Software\Classes\PlanetView.Study\DefaultIcon"; ValueType: string; ValueName: ""; ValueData: "{app}\planetview-gui.exe,0"; Tasks: associate
Root: HKA; Subkey: "Software\Classes\PlanetView.Study\shell\open\command"; ValueType: string; ValueName: ""; ValueData: """{app}\planetview-gui.exe"" ""%1"""; Tasks: associate
Root: HKCU; Subkey: "Environment"; ValueType: expandsz; ValueName: "Path"; ValueData: "{olddata};{app}"; Check: IsPathLacking('{app}'); Tasks: path

[Run]
Filename: "{app}\planetview-gui.exe"; Description: "Start PlanetView"; Flags: nowait postinstall skipifsilent

[Code]
function UserPath(): string;
begin
  if not RegQueryStringValue(HKEY_CURRENT_USER, 'Environment', 'Path', Result) then
    Result := '';
end;

function IsPathLacking(Folder: string): Boolean;
begin
  Result := Pos(';' + Uppercase(ExpandConstant(Folder)) + ';', ';' + Uppercase(UserPath()) + ';') = 0;
end;

procedure CurUninstallStepChanged(Step: TUninstallStep);
var
  Paths: string;
  Place: Integer;
begin
  if Step <> usPostUninstall then
    Exit;
  Paths := ';' + UserPath() + ';';
  Place := Pos(';' + Uppercase(ExpandConstant('{app}')) + ';', Uppercase(Paths));
  if Place = 0 then
    Exit;
  Delete(Paths, Place, Length(ExpandConstant('{app}')) + 1);
  RegWriteExpandStringValue(HKEY_CURRENT_USER, 'Environment', 'Path', Copy(Paths, 2, Length(Paths) - 2));
end;
